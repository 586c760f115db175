#!/bin/sh
# One model, as a user of TensorFlow Serving starts it: gRPC on 8500, REST on 8501.
cd "$(dirname "$0")/../.." || exit 1
exec "${APUS_BUILD_DIR:-.build/release}/tensorflow_model_server" \
    --port="${GRPC_PORT:-8500}" \
    --rest_api_port="${REST_PORT:-8501}" \
    --model_name=half_plus_two \
    --model_base_path="$PWD/.models/half_plus_two"
