#!/bin/sh
# What tensorflow/serving's image starts with: the model MODEL_NAME (default: model) below MODEL_BASE_PATH (default: /models),
# gRPC on 8500, REST on 8501, and the container's own arguments behind, so that they win. exec, so that signals reach
# the server.
exec tensorflow_model_server --port=8500 --rest_api_port=8501 \
    --model_name="${MODEL_NAME:-model}" \
    --model_base_path="${MODEL_BASE_PATH:-/models}/${MODEL_NAME:-model}" \
    "$@"
