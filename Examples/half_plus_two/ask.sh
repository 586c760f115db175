#!/bin/sh
# The same question over REST, and what the server says of the model.
server=${1:-localhost:8501}
curl -sS -d '{"instances": [1.0, 2.0, 5.0]}' "http://$server/v1/models/half_plus_two:predict"
echo
curl -sS "http://$server/v1/models/half_plus_two"
