"""Agents: the reference client in memory, over stdio and over the loopback interface."""

import asyncio
import json
import os
import re
import socket
import subprocess
import sys

import httpx2
import pytest
from mcp import Client, StdioServerParameters

import engine
from engine.agents.server import LOOPBACK, make_server, serve_loopback
from engine.agents.tools import Access

SAMPLE = "{model: {kind: sample}, data: {kind: sample}, steps: [{technique: simplify}]}"
BY_PATH = "{model: {kind: file, path: /etc/hostname}, steps: [{technique: simplify}]}"
JOBS = {"submit_recipe", "remeasure_run", "cancel_run"}


@pytest.fixture
def call(home, monkeypatch):
    """Calls tools one after the other in memory; the results, as (whether it is an error, its text)."""
    monkeypatch.setattr(engine, "ensure_supervisor", lambda: None)

    def run(access: Access, *calls: tuple[str, dict]) -> list[tuple[bool, str]]:
        async def session() -> list[tuple[bool, str]]:
            async with Client(make_server(access)) as client:
                results = [await client.call_tool(name, values) for name, values in calls]
            return [(result.is_error, "\n".join(part.text for part in result.content)) for result in results]

        return asyncio.run(session())

    return run


async def tools_of(server) -> dict:
    async with Client(server) as client:
        return {tool.name: tool for tool in (await client.list_tools()).tools}


def test_it_is_read_only_unless_jobs_are_allowed(call):
    tools = asyncio.run(tools_of(make_server(Access())))
    assert JOBS.isdisjoint(tools)
    assert all(tool.annotations.read_only_hint and tool.description for tool in tools.values())
    ((is_error, text),) = call(Access(), ("submit_recipe", {"recipe": SAMPLE}))
    assert is_error
    assert "submit_recipe" in text
    assert engine.list_jobs() == ()
    more = asyncio.run(tools_of(make_server(Access(jobs=True))))
    assert set(more) == set(tools) | JOBS
    assert not any(more[name].annotations.read_only_hint for name in JOBS)


def test_a_recipe_is_described_submitted_and_cancelled(call):
    (_, text), (_, job) = call(
        Access(jobs=True), ("describe_recipe", {"recipe": SAMPLE}), ("submit_recipe", {"recipe": SAMPLE})
    )
    assert "estimated seconds" in text
    id = json.loads(job)["id"]
    (_, status), (_, recipe), (_, ended) = call(
        Access(jobs=True), ("run_status", {"run": id}), ("run_recipe", {"run": id}), ("cancel_run", {"run": id})
    )
    assert json.loads(status)["state"] == "queued"
    assert engine.parse_recipe(recipe) == engine.recipe(id)
    assert json.loads(ended)["state"] == "cancelled"


@pytest.mark.parametrize("tool", ["describe_recipe", "submit_recipe"])
def test_files_are_named_by_path_only_where_that_is_allowed(call, tool):
    ((is_error, text),) = call(Access(jobs=True), (tool, {"recipe": BY_PATH}))
    assert is_error
    assert "path" in text
    ((is_error, text),) = call(Access(jobs=True, paths=True), (tool, {"recipe": BY_PATH}))
    assert "browser" not in text


@pytest.mark.parametrize(("tool", "values", "naming"), [
    ("run_status", {"run": "0" * 12}, "not_found"),
    ("run_report", {"run": "../../etc"}, "not_found"),
    ("gate_run", {"run": "/tmp", "max_drop": 1}, "not_found"),
    ("describe_recipe", {"recipe": "{model: {kind: sample}, nonsense: 1}"}, "nonsense"),
    ("describe_recipe", {}, "recipe"),
])  # fmt: skip
def test_what_is_wrong_comes_as_a_sentence(call, tool, values, naming):
    ((is_error, text),) = call(Access(), (tool, values))
    assert is_error
    assert naming in text
    assert "Traceback" not in text


def test_over_stdio(home):
    server = StdioServerParameters(command=sys.executable, args=["-m", "engine", "mcp"], env=dict(os.environ))
    assert "list_runs" in asyncio.run(tools_of(server))


def test_over_loopback_only_under_its_own_name(home):
    process = subprocess.Popen(
        [sys.executable, "-m", "engine", "mcp", "--port", "0"], stderr=subprocess.PIPE, text=True
    )
    try:
        address = process.stderr.readline().strip()
        assert re.fullmatch(rf"http://{re.escape(LOOPBACK)}:\d+/mcp", address)
        assert "list_runs" in asyncio.run(tools_of(address))
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        headers = {"Accept": "application/json, text/event-stream"}
        for name, value, status in (("Host", "attacker.example", 421), ("Origin", "http://attacker.example", 403)):
            answer = httpx2.post(address, json=body, headers={**headers, name: value})
            assert answer.status_code == status
    finally:
        process.terminate()
        process.wait(20)


def test_a_port_that_is_taken_is_said():
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(engine.RequestError, match=f"port {port}"):
            serve_loopback(Access(), port)
