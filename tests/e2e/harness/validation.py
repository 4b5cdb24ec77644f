"""`sluice model validate` on a document, and what it said."""

import json
import resource
import subprocess

from .program import BINARY, environment, sanitizer_report


class Verdict:
    """ok, errors, warnings, findings; code: the exit code."""

    def __init__(self, done):
        result = json.loads(done.stdout)
        self.code = done.returncode
        self.ok, self.findings = result["ok"], result["findings"]
        self.errors, self.warnings = result["errors"], result["warnings"]

    def codes(self, severity="error"):
        return {finding["code"] for finding in self.findings if finding["severity"] == severity}

    def at(self, path):
        """What was found there and inside of it."""
        return [finding for finding in self.findings
                if finding["path"] == path or finding["path"].startswith((path + ".", path + "["))]


def run_validate(folder, text, *options, timeout=120, codes=(0, 1), memory=None, **more):
    """The finished process, after a look at what sanitizers would have said, and at its exit code. `text`: bytes;
    memory: so many bytes of addresses at most; more: its environment."""
    bound = memory and (lambda: resource.setrlimit(resource.RLIMIT_AS, (memory, memory)))
    path = folder / "model.json"
    path.write_bytes(text)
    done = subprocess.run([BINARY, "model", "validate", path, *options], capture_output=True, timeout=timeout,
                          preexec_fn=bound, env=environment(folder, **more))
    errors = done.stderr.decode(errors="replace")
    assert not sanitizer_report(errors), errors
    assert done.returncode in codes, f"exit {done.returncode}: {errors}"
    return done


def validate(folder, document, **more):
    """The verdict on a document, or on the bytes of one."""
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    verdict = Verdict(run_validate(folder, text, "--json", **more))
    assert verdict.ok == (verdict.errors == 0) == (verdict.code == 0)
    return verdict
