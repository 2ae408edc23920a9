"""The MCP server: tools over the façade's verbs and schemas, by the official SDK."""

import functools
import socket
import sys

import uvicorn
from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.transport_security import TransportSecuritySettings
from mcp.types import ToolAnnotations

from engine import FeatherweightError, RequestError
from engine.agents.tools import WITHOUT_SCHEMA, Access, Tool, job_tools, read_tools

LOOPBACK = "127.0.0.1"
PATH = "/mcp"
MAX_BODY_BYTES = 2_000_000
INSTRUCTIONS = (
    "Featherweight makes image models small and fast and measures what that gains and costs. Describe a recipe before "
    "you submit it. Every figure is measured on this machine and has its 95 % interval; a null is not measured. A run "
    "that recommends its baseline found nothing better: say so."
)


def make_server(access: Access) -> MCPServer[None]:
    """The server with the tools that `access` allows."""
    server: MCPServer[None] = MCPServer("featherweight", instructions=INSTRUCTIONS, log_level="ERROR")
    for tool in read_tools(access):
        _add(server, tool, ToolAnnotations(readOnlyHint=True, openWorldHint=False))
    if access.jobs:
        for tool in job_tools(access):
            _add(server, tool, ToolAnnotations(readOnlyHint=False, destructiveHint=tool.__name__ == "cancel_run"))
    return server


def serve_stdio(access: Access) -> None:
    """Serve one client over stdin and stdout until it hangs up."""
    make_server(access).run("stdio")


def serve_loopback(access: Access, port: int) -> None:
    """Serve over HTTP on the loopback interface until Ctrl-C; port 0 takes a free one, whose address is on stderr.

    The Host header must name this address, so that no page of the web reaches the server by a name of its own that
    resolves to it (DNS rebinding). Raises RequestError where the port is taken.
    """
    listening = _listen(port)
    address = f"{LOOPBACK}:{listening.getsockname()[1]}"
    names = [address, address.replace(LOOPBACK, "localhost")]
    app = make_server(access).streamable_http_app(
        streamable_http_path=PATH,
        host=LOOPBACK,
        max_request_body_size=MAX_BODY_BYTES,
        transport_security=TransportSecuritySettings(
            allowed_hosts=names, allowed_origins=[f"http://{name}" for name in names]
        ),
    )
    print(f"http://{address}{PATH}", file=sys.stderr, flush=True)
    with listening:
        uvicorn.Server(uvicorn.Config(app, log_level="error")).run(sockets=[listening])


def _listen(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((LOOPBACK, port))
        listening.listen()
    except (OSError, OverflowError) as error:
        listening.close()
        raise RequestError(f"the port {port} on {LOOPBACK} is taken or not allowed", "Choose another --port") from error
    return listening


def _add(server: MCPServer[None], tool: Tool, annotations: ToolAnnotations) -> None:
    """Add a tool that answers an error of the engine with its sentence, which says what to do next."""

    @functools.wraps(tool)
    def call(*arguments: object, **values: object) -> object:
        try:
            return tool(*arguments, **values)
        except FeatherweightError as error:
            raise ToolError(f"{error} ({error.code})") from error

    structured = False if tool.__name__ in WITHOUT_SCHEMA else None
    server.add_tool(call, annotations=annotations, structured_output=structured)
