#!/bin/sh
# Several models in one server. PATH is a folder with one numeric sub-folder for each version.
cd "$(dirname "$0")/../.." || exit 1
exec "${APUS_BUILD_DIR:-.build/release}/apus" serve \
    --port "${GRPC_PORT:-8500}" \
    --rest-port "${REST_PORT:-8501}" \
    --model strings=.models/strings \
    --model mobilenet_v2=.models/mobilenet_v2 \
    --model multi_signature=.models/multi_signature
