"""One call: request, decision, answer, account."""
