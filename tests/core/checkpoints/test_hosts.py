"""Which addresses of a file may be contacted."""

import pytest

from routellm_core.checkpoints.hosts import is_allowed


@pytest.mark.parametrize(
    ("address", "allowed", "expected"),
    [
        ("https://api.openai.com/v1", "api.openai.com", True),
        ("https://API.OPENAI.COM:8443/v1", "api.openai.com", True),
        ("http://api.openai.com/v1", "api.openai.com", False),
        ("http://api.openai.com:8443/v1", "api.openai.com", False),
        ("http://api.openai.com/v1", "api.openai.com:443", False),
        ("http://models:8000/v1", "models:8000", True),
        ("http://127.0.0.1:8000/v1", "127.0.0.1", True),
        ("http://localhost/v1", "localhost", True),
        ("http://[::1]:8000/v1", "[::1]", True),
        ("https://api.openai.com@other.org/v1", "api.openai.com", False),
        ("https://api.openai.com.other.org/v1", "api.openai.com", False),
    ],
)
def test_a_host_is_allowed_by_https_and_by_http_with_its_port_alone(
    address: str, allowed: str, expected: bool
) -> None:
    assert is_allowed(address, frozenset([allowed])) is expected
