import os
import subprocess
import sys

from engine.blas import environment

FLAGS = "processor : 0\nflags\t\t: fpu sse2 avx2 avx512f avx512cd avx512bw avx512dq avx512vl\n"


def test_wide_kernels_need_every_instruction_set_they_use() -> None:
    assert environment(FLAGS) == {"OPENBLAS_NUM_THREADS": "1", "OPENBLAS_CORETYPE": "SkylakeX"}
    assert environment(FLAGS.replace(" avx512dq", "")) == {"OPENBLAS_NUM_THREADS": "1"}
    assert environment("") == {"OPENBLAS_NUM_THREADS": "1"}


def variables(*lines: str, **given: str) -> str:
    code = "\n".join([*lines, "import os", "print(os.environ.get('OPENBLAS_NUM_THREADS'))"])
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, env=clean | given, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_importing_the_engine_first_sets_what_nobody_has_set() -> None:
    assert variables("import engine") == "1"
    assert variables("import engine", OPENBLAS_NUM_THREADS="2") == "2"
    assert variables("import numpy", "import engine") == "None"
