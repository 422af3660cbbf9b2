"""The page's server: who comes in, what is sent, and how it ends."""

import asyncio
import json
import threading

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

from xpnn.play import Choices, Session
from xpnn.play.server import Server


def served(visit):
    """Serve a session while a coroutine visits it; return what that returns."""

    async def both():
        server = Server(Session(Choices(samples=5)))
        serving = asyncio.create_task(server.run())
        try:
            return await asyncio.wait_for(visit(server), 60)
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)

    return asyncio.run(both())


async def get(address):
    return await AsyncHTTPClient().fetch(address)


def test_the_page_is_whole_and_held_to_this_machine():
    async def visit(server):
        return server, await get(server.address)

    server, response = served(visit)
    assert server.address.startswith(f"http://127.0.0.1:{server.port}/?token=")
    page, policy = response.body.decode(), response.headers["Content-Security-Policy"]
    assert "NONCE" not in page
    assert "function drawAll" in page
    assert "--paper" in page
    assert "http" not in page.replace('http-equiv="', "")  # nothing is fetched from elsewhere
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert server.token not in page
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("token", ["", "?token=", "?token=guess", "?other=1"])
@pytest.mark.parametrize("place", ["", "socket"])
def test_who_does_not_know_the_token_is_turned_away(token, place):
    async def visit(server):
        address = f"http://127.0.0.1:{server.port}/{place}{token}"
        asked = websocket_connect(address.replace("http", "ws")) if place else get(address)
        with pytest.raises(HTTPClientError) as refused:
            await asked
        return refused.value, server._pages

    refused, pages = served(visit)
    assert refused.code == 403
    assert pages == []
    if not place:
        assert b"Open the address" in refused.response.body


@pytest.mark.parametrize(
    "headers",
    [{"Host": "evil.example"}, {"Origin": "http://evil.example"}],
    ids=["host", "origin"],
)
def test_another_page_in_the_browser_does_not_come_in(headers):
    async def visit(server):
        address = server.address.replace("http", "ws").replace("/?", "/socket?")
        with pytest.raises(HTTPClientError) as refused:
            await websocket_connect(HTTPRequest(address, headers=headers))
        return refused.value.code

    assert served(visit) == 403


def test_the_socket_takes_commands_and_leaves_out_what_is_none():
    async def visit(server):
        address = server.address.replace("http", "ws").replace("/?", "/socket?")
        socket, told = await websocket_connect(address), []

        async def read(wanted):
            while True:
                message = await socket.read_message()
                told.append(message if isinstance(message, bytes) else json.loads(message))
                if wanted(told[-1]):
                    return told[-1]

        assert (await read(lambda m: True))["kind"] == "options"
        await read(lambda m: isinstance(m, bytes))
        for nonsense in ("{", "[1]", "null", '{"do": "end"}', '{"do": 1}'):
            await socket.write_message(nonsense)
        for _ in range(4):  # no more than two pictures come before the last one was seen
            await socket.write_message('{"do": "step"}')
        await socket.write_message('{"do": "code"}')
        await read(lambda m: not isinstance(m, bytes) and m["kind"] == "code")
        assert sum(isinstance(m, bytes) for m in told) == 2
        await socket.write_message('{"do": "seen"}')
        await read(lambda m: isinstance(m, bytes))
        await socket.write_message('{"do": "play"}')
        await read(lambda m: not isinstance(m, bytes) and m["kind"] == "state" and m["plays"])
        socket.close()
        while server._pages or server.runner._plays:  # nobody looks, so nothing goes on
            await asyncio.sleep(0.01)
        return told

    assert [m["kind"] for m in served(visit) if not isinstance(m, bytes)][:3] == [
        "options",
        "session",
        "state",
    ]
    assert not [t for t in threading.enumerate() if t.name == "xpnn play"]
