"""Record what the cluster of a kubeconfig answers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.answers import RECORDED, Asked, before, cases

kubectl = ["kubectl", "--kubeconfig", sys.argv[1], "apply", "-f", "-"]
subprocess.run(kubectl, input=before(), text=True, check=True)
asked = Asked(Path(sys.argv[1]))
answers = {name: asked.answer(manifest) for name, manifest in cases().items()}
RECORDED.write_text(json.dumps(answers, indent=1, sort_keys=True) + "\n")
print(f"{len(answers)} answers in {RECORDED}")
