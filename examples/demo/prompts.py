"""What the demo asks: prompts for the chain, tasks for the agent, questions about the project's own files."""

CHAIN_PROMPTS = (
    "What is the capital of Norway?",
    "Please say good morning to the team in French.",
    "Find the eigenvalues of the matrix [[4, 1, 2], [1, 3, 0], [2, 0, 5]] to 3 decimals.",
    "Write a polite two-line email that moves our meeting to Thursday.",
    "Name three vegetables that are in season in spring.",
    "A train leaves at 9:40 and covers 180 km at 72 km/h, waits 25 minutes, then covers 96 km at 64 km/h. "
    "When does it arrive, and what is its average speed?",
    "Give me a synonym for 'happy'.",
    "Prove that there are infinitely many prime numbers of the form 4k + 3.",
    "Write a haiku about autumn leaves.",
    "If 3 workers build 2 walls in 5 days, how many days do 7 workers need for 9 walls, and how much do they "
    "earn at $120 a day each?",
    "What does the abbreviation 'km' stand for?",
    "Design a lock-free queue for several producers and one consumer in C++, and argue why it is free of the "
    "ABA problem.",
)

AGENT_TASKS = (
    "What is 21 Celsius in Fahrenheit?",
    "Work out the monthly loan payment for a principal of 240000 at a yearly rate of 3.8 percent over 25 "
    "years, then derive the amortisation formula behind it and prove that the interest paid in the first "
    "month exceeds that of every later one.",
)

QUESTIONS = (
    "What does the threshold mean?",
    "Which reasons can a decision have?",
    "With 1,000 calls of 600 tokens, a strong_share of 0.3 and prices of $2.5 and $0.15 per million tokens, "
    "what does routing cost, and what would strong alone cost?",
)
