"""How much memory this process holds, by what Linux says of its own: what ``getrusage`` says begins with its parent's."""

from pathlib import Path


def megabytes(name: str) -> int:
    """``VmRSS``, what it holds, or ``VmHWM``, the most it held."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (kilobytes,) = (line.split()[1] for line in lines if line.startswith(f"{name}:"))
    return int(kilobytes) >> 10


def forget_peak() -> None:
    """Let ``VmHWM`` begin with what the process holds now."""
    Path("/proc/self/clear_refs").write_text("5")
