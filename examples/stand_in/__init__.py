"""A stand-in for the OpenAI and Anthropic APIs on this machine, as strict as they are; nothing leaves it."""

from examples.stand_in.anthropic_signature import thinking_signature
from examples.stand_in.application import RecordedRequest
from examples.stand_in.failures import Failure
from examples.stand_in.model import DEFAULT_MODELS, Answer, StandInModel, ToolCall
from examples.stand_in.prompt import Prompt, Tool, Turn
from examples.stand_in.server import StandInServer

__all__ = [
    "DEFAULT_MODELS",
    "Answer",
    "Failure",
    "Prompt",
    "RecordedRequest",
    "StandInModel",
    "StandInServer",
    "Tool",
    "ToolCall",
    "Turn",
    "thinking_signature",
]
