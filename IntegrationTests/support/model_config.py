"""Model configurations as text and as messages, and the calls that take them."""

import pathlib
import shutil

from google.protobuf import text_format
from tensorflow_serving.apis import model_management_pb2, model_service_pb2_grpc
from tensorflow_serving.config import model_server_config_pb2

from .paths import MODELS
from .versions import settle
from .waiting import LONG


def model(name, path, more="", platform="tensorflow"):
    """One model of a list, in protobuf's text format."""
    return f'config {{ name: "{name}" base_path: "{path}" model_platform: "{platform}" {more} }}'


def config_list(*models):
    return "model_config_list {\n" + "".join(f"  {model}\n" for model in models) + "}\n"


def labels(**versions):
    return " ".join(f'version_labels {{ key: "{label}" value: {version} }}' for label, version in versions.items())


def specific(*versions):
    return f"model_version_policy {{ specific {{ versions: {list(versions)} }} }}"


def reload_text(server, text, metrics=(), timeout=LONG, stub=None):
    """HandleReloadConfigRequest with a configuration in text format."""
    request = model_management_pb2.ReloadConfigRequest(
        config=text_format.Parse(text, model_server_config_pb2.ModelServerConfig()), metric_names=metrics
    )
    stub = stub or model_service_pb2_grpc.ModelServiceStub(server.channel())
    return stub.HandleReloadConfigRequest(request, timeout=timeout)


def reload(server, *models, **options):
    return reload_text(server, config_list(*models), **options)


def publish(base, *versions, source="half_plus_two"):
    """Puts a demo model into `base` as these versions: copied beside, then renamed, as a careful job does, and left alone."""
    base.mkdir(exist_ok=True)
    for version in versions:
        part = base / f".{version}.part"
        shutil.copytree(MODELS / source / "1", part)
        settle(part).rename(base / str(version))
    return base


def replace_file(path, text):
    """Writes a file the way it should be done while somebody reads it."""
    path = pathlib.Path(path)
    part = path.with_name(f".{path.name}")
    part.write_text(text)
    part.rename(path)
