"""`python -m engine.worker`: a warm child that holds sessions of a run's files and answers images of the Race page.

It talks over its standard input and output (engine/jobs/live_race_messages.py). The first line is a LiveRaceRequest;
from what it names follows what this process may read, so it confines itself before it imports a heavy library and
before it reads anything that a user gave. It ends when its input is closed, as when the app ends in whatever way, and
when nobody has asked it anything for a while.
"""

import io
import os
import sys
from pathlib import Path

from engine.jobs.policy import worker_policy
from engine.settings.live_race import LiveRaceRequest
from engine.store.home import Home
from engine.system.sandbox import confine


def main() -> int:
    """Serves until the input is closed or nobody asks any more; the exit status."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get among the messages
    # Unbuffered: the first message may have come as well, and must not lie where nobody waits for it.
    unbuffered = io.FileIO(os.dup(0))
    request = LiveRaceRequest.model_validate_json(unbuffered.readline())
    folder = Path.cwd()
    confine(worker_policy(Home.default(), folder, request))

    from engine.live_race.service import serve  # only now: it brings the runtimes

    return serve(request, folder, io.BufferedReader(unbuffered), replies)


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # lanes may still compute, in threads that nothing can interrupt
