"""
The whole recipe of the starter: draws the procedural images, distils, and puts the network into the box.

    python3 -m venv .venv && .venv/bin/pip install -r scripts/starter/requirements.txt
    PATH=$PWD/.venv/bin:$PATH npm run starter
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    options.add_argument("--shared", default=ROOT.parent / "shared", help="images and the teacher's weights")
    options.add_argument("--work", default=ROOT / "bench-results/starter", help="checkpoints; goes on from there")
    given, training = options.parse_known_args()
    folders = ["--shared", given.shared, "--out", given.work]
    # Each process computes in one thread.
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, HERE / "train.py", *folders, *training], env=environment, check=True)
    box = ROOT / "resources/networks/starter/model.onnx"
    exported = ["--shared", given.shared, "--work", given.work, "--to", box]
    subprocess.run([sys.executable, HERE / "export.py", *exported], env=environment, check=True)
    subprocess.run(["node", HERE / "box.ts"], check=True)


if __name__ == "__main__":
    main()
