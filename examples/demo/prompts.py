"""What the demo asks: prompts for the chain, tasks for the agent, questions about the project's own files."""

CHAIN_PROMPTS = (
    "What is the capital of Norway?",
    "Where is my parcel? Order 48213-B, placed on 3 May.",
    "Design a lock-free queue for several producers and one consumer in C++, and argue why it is free of the "
    "ABA problem.",
    "Please say good morning to the team in French.",
    "Our p99 rose from 40 ms to 900 ms when we went from 3 to 12 partitions. Explain the likely cause and "
    "how to prove it.",
    "Write a polite two-line email that moves our meeting from 14:30 to Thursday at 10:00.",
    "Name three vegetables that are in season in spring.",
    "Which isolation level prevents write skew in a ledger, and what does it cost under contention?",
    "Sort these by price: lamp 49.90, chair 120.00, rug 75.50.",
    "Find the eigenvalues of the matrix [[4, 1, 2], [1, 3, 0], [2, 0, 5]] to 3 decimals.",
    "What does the abbreviation 'km' stand for?",
    "Prove that there are infinitely many prime numbers of the form 4k + 3.",
)
"""Easy ones and hard ones, with and without digits. The proof is in every textbook."""

AGENT_TASKS = (
    "What is 21 Celsius in Fahrenheit?",
    "Work out the monthly loan payment for a principal of 240000 at a yearly rate of 3.8 percent over 25 "
    "years, then derive the amortisation formula behind it and prove that the interest paid in the first "
    "month exceeds that of every later one.",
)

QUESTIONS = (
    "What does the threshold mean?",
    "Which reasons can a decision have?",
    "Design how a team rolls routing out safely: which failure modes of the threshold come first, and how is "
    "it shown that quality holds?",
)
