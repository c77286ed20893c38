"""Builds the C probes of bench/probe."""

import subprocess


def build_probe(rig, name="drain"):
    """Compiles `bench/probe/<name>.c` with what it uses, if anything changed; the path of the executable."""
    source, target = rig.root / "bench" / "probe", rig.root / ".dev" / "bench" / f"probe-{name}"
    files = [source / f"{each}.c" for each in (name, "store", "fold", "workload", "entry")]
    newest = max(path.stat().st_mtime for path in source.iterdir())
    if not target.exists() or target.stat().st_mtime < newest:
        target.parent.mkdir(parents=True, exist_ok=True)
        include = subprocess.run(["pg_config", "--includedir"], capture_output=True, text=True, check=True).stdout.strip()
        subprocess.run(["cc", "-O2", "-std=gnu11", "-Wall", "-Wextra", f"-I{include}", *map(str, files), "-lpq",
                        "-lhiredis", "-lpthread", "-o", str(target)], check=True)
    return str(target)
