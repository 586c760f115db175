"""Where things lie in this checkout."""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / os.environ.get("APUS_BUILD_DIR", ".build/debug")
MODELS = ROOT / ".models"
TENSORFLOW_LIBRARY = ROOT / ".deps/tensorflow/lib/libtensorflow_cc.so.2"
