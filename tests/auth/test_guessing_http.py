"""What a web client that guesses is told, through Envoy."""

from __future__ import annotations

import httpx

from tests.edge import Edge

ELSEWHERE = "127.0.0.77"
"""An address of this machine that no other test calls from."""


def test_too_many_guesses_from_one_address(edge: Edge) -> None:
    """After ten wrong guesses from one address Envoy answers 429, and says after how many seconds to come back; who claims to
    be somewhere else is still at that address."""
    with httpx.Client(base_url=edge.http, timeout=10, transport=httpx.HTTPTransport(local_address=ELSEWHERE)) as client:
        answers = [
            client.post(
                "/v1/auth/login",
                json={"email": f"nobody-{number}@example.gov", "password": "not-the-password"},
                headers={"x-forwarded-for": f"198.51.100.{number}"},
            )
            for number in range(12)
        ]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429] * 2
    assert 240 < int(answers[-1].headers["retry-after"]) <= 300
    assert answers[-1].json()["details"][0]["reason"] == "TOO_MANY_SIGN_INS"
    assert [answer.json()["details"][0]["reason"] for answer in answers[:10]] == ["INVALID_CREDENTIALS"] * 10
    edge.client("author@example.gov").close()  # from another address, people sign in as before
