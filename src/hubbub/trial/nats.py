"""The NATS of a trial cluster, reached from this machine alone and with a password."""

import asyncio

from hubbub.trial.folder import Folder, write_private
from hubbub.trial.front import HOST
from hubbub.trial.part import Program
from hubbub.trial.wheels import nats_program

NAME = "hubbub"
ANSWER_S = 2.0


def nats(folder: Folder, port: int, password: str) -> Program:
    """How to run it; writes its configuration."""
    config = folder.path / "nats.conf"
    write_private(
        config,
        "# Written by `hubbub cluster up` at each start.\n"
        f'host: "{HOST}"\n'
        f"port: {port}\n"
        f'authorization {{ user: "{NAME}", password: "{password}" }}\n',
    )

    async def greets() -> bool:
        try:
            async with asyncio.timeout(ANSWER_S):
                reader, writer = await asyncio.open_connection(HOST, port)
                line = await reader.readline()
                writer.close()
        except OSError:
            return False
        return line.startswith(b"INFO ")

    return Program(
        name="NATS",
        port=port,
        command=[str(nats_program()), "-c", str(config)],
        log=folder.log("nats"),
        ready=greets,
    )


def nats_url(port: int, password: str) -> str:
    """How to reach it; the password is in it."""
    return f"nats://{NAME}:{password}@{HOST}:{port}"
