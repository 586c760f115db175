#!/bin/sh
# Row form, column form, another signature and binary strings over REST.
server=${1:-localhost:8501}
ask() { curl -sS -d "$2" "http://$server/v1/models/$1:predict" && echo; }
ask multi_signature '{"instances": [{"a": 6.0, "b": 7.0}, {"a": 1.0, "b": 2.0}]}'
ask multi_signature '{"inputs": {"a": [6.0, 1.0], "b": [7.0, 2.0]}}'
ask strings '{"signature_name": "upper", "instances": ["one", "two"]}'
ask strings '{"signature_name": "as_bytes", "instances": [{"b64": "AP8="}]}'
