"""What a logged conversation asks: its context and system prompt too, without tools."""

from routellm_core.preferences.judging.question import Question, needs_no_tools
from routellm_core.preferences.reading.messages import Message

CONTEXT = "Context: the lease ends in May.\n\nQuestion: when does it end?"


def test_a_rag_prompt_keeps_its_context_and_its_system_prompt() -> None:
    messages = [Message("system", "Answer from the context."), Message("user", CONTEXT)]
    question = Question.from_conversation(CONTEXT, messages)

    assert question.is_conversation
    assert question.messages() == [
        {"role": "system", "content": "Answer from the context."},
        {"role": "user", "content": CONTEXT},
    ]
    assert needs_no_tools(messages)


def test_tools_are_left_out_and_so_is_what_follows_the_newest_turn() -> None:
    messages = [
        Message("user", "How many?"),
        Message("assistant", ""),
        Message("tool", "17"),
        Message("assistant", "There are 17."),
        Message("user", "And last year?"),
        Message("assistant", "Let me look."),
        Message("tool", "12"),
    ]
    question = Question.from_conversation("And last year?", messages)

    assert question.turns == (
        ("user", "How many?"),
        ("assistant", "There are 17."),
        ("user", "And last year?"),
    )
    assert not needs_no_tools(messages)
    assert not needs_no_tools(messages[:5])


def test_a_prompt_alone_is_asked_as_it_is_scored() -> None:
    question = Question.from_conversation("Why?", [Message("user", " Why?\n")])

    assert question == Question.from_prompt("Why?")
    assert not question.is_conversation
    assert Question.from_prompt(question) is question
