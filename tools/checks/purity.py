"""Pure folders: no socket, thread, clock, environment, log or randomness of their own."""

import re

from .tree import Verdict, folder_of, is_test, read_folders, sources, without_comments

FORBIDDEN = {
    "a coroutine": r"\bco_(await|return|yield)\b",
    "a thread or a lock": r"#\s*include\s*<(thread|mutex|shared_mutex|condition_variable|atomic|"
                          r"future|semaphore|latch|barrier|stop_token)>|"
                          r"\bstd::(jthread|thread|mutex|atomic|async|this_thread)\b",
    "a clock": r"_clock::now\b|\bclock_gettime\b|\bgettimeofday\b|\bstd::(time|clock)\s*\(",
    "randomness of its own": r"\brandom_device\b|\bstd::rand\b|\bsrand\s*\(|\bgetrandom\b|"
                             r"\bRAND_bytes\b",
    "the environment": r"\bgetenv\b|\bsetenv\b",
    "logging or printing": r"\bspdlog\b|\bstd::(cout|cerr|clog)\b|\b(f|v|vf)?printf\s*\(|"
                           r"#\s*include\s*<(iostream|print)>",
    "files": r"#\s*include\s*<(fstream|filesystem|fcntl\.h|unistd\.h|dirent\.h)>|"
             r"\bstd::(filesystem|[io]?fstream|fopen)\b",
    "sockets": r"#\s*include\s*<(sys/socket\.h|sys/epoll\.h|netinet/[^>]*|arpa/[^>]*|poll\.h|"
               r"boost/(asio|beast)[^>]*)>|\basio::",
}
SLEEP = r"\b(sleep_for|sleep_until|usleep|nanosleep)\b"


def check(root):
    folders = read_folders(root)
    violations = []
    looked_at = 0
    for path in sources(root):
        if path.parts[0] not in ("src", "sim"):
            continue
        code = without_comments((root / path).read_text())
        if is_test(path):
            violations += find(path, code, "a sleep in a test", SLEEP)
            continue
        folder = folder_of(path, folders)
        if folder is None or not folder.pure:
            continue
        looked_at += 1
        for what, pattern in FORBIDDEN.items():
            violations += find(path, code, f"{what} in the pure folder {folder.name}", pattern)
    return Verdict(f"{looked_at} files of pure folders", violations)


def find(path, code, what, pattern):
    return [f"{path}:{number}: {what}: {line.strip()}"
            for number, line in enumerate(code.splitlines(), start=1) if re.search(pattern, line)]
