"""What the demo asks: prompts for the chain, tasks for the agent, questions about the project's own files."""

CHAIN_PROMPTS = (
    "What is the capital of Norway?",
    "Say good morning to my colleagues in French, please.",
    "How many minutes are there in 3 hours?",
    "Prove that there are infinitely many prime numbers of the form 4k + 3.",
    "Which of these is a fruit: chair, plum, river?",
    "Write a polite two-line email that moves our meeting to Thursday.",
    "A tank fills through one pipe in 6 hours and empties through another in 9. Both are open and it starts "
    "one third full. Derive how long it takes to fill, and show every step.",
    "Please name three vegetables that are in season in spring.",
    "Design a lock-free queue for several producers and one consumer in C++, argue why it is free of the ABA "
    "problem, and give its memory ordering for each atomic operation.",
    "What does the abbreviation 'km' stand for?",
    "Compare the proofs of Gödel's first incompleteness theorem and of the halting problem: where does each "
    "use diagonalisation, and can one be derived from the other?",
    "Give me a synonym for 'happy'.",
)

AGENT_TASKS = (
    "Convert 21 degrees Celsius to Fahrenheit, please.",
    "Work out the monthly loan payment for a principal of 240000 at a yearly rate of 3.8 percent over 25 "
    "years, then derive the amortisation formula behind it and prove that the interest paid in the first "
    "month exceeds that of every later one.",
)

QUESTIONS = (
    "What does the threshold mean?",
    "Which reasons can a decision have?",
    "Explain step by step how a score becomes a route, in which order the gates, stickiness and the "
    "threshold apply, and why a scorer that fails does not fail the call.",
)
