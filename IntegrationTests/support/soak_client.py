"""A client of the soak, in a process of its own: it can be killed, and imports nothing slow.

    soak_client.py KIND GRPC_ADDRESS REST_URL CASES SEED

CASES is a JSON file of the questions. It asks until its standard input ends, waits for the last answers and prints what it
counted as JSON. Kinds:

  grpc, rest    ask models that stay, and compare every answer with the known one
  churn         ask models that come and go, over both wires: a refusal is an answer, too
  cancel        gRPC calls that are given up at any time, or have too little of it
"""

import base64
import collections
import json
import random
import sys
import threading

import grpc
import requests

PATIENCE = 60
OPTIONS = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_http_proxy", 0)]
METHOD = "/tensorflow.serving.PredictionService/"
# What a model that comes or goes may be refused with.
REFUSALS = {"NOT_FOUND", "FAILED_PRECONDITION", "INVALID_ARGUMENT", "UNAVAILABLE"}


class Client:
    def __init__(self, address, rest_url, cases, seed):
        self.address, self.rest_url = address, rest_url
        self.cases = cases
        self.random = random.Random(seed)
        self.done = threading.Event()
        self.asked = self.answered = 0
        self.problems = collections.Counter()
        self.outcomes = collections.Counter()
        self.channel = grpc.insecure_channel(address, options=OPTIONS)
        self.methods = {}

    def method(self, name):
        if name not in self.methods:
            self.methods[name] = self.channel.unary_unary(METHOD + name)
        return self.methods[name]

    def future(self, case, timeout=PATIENCE):
        self.asked += 1
        return self.method(case["method"]).future(base64.b64decode(case["request"]), timeout=timeout)

    def check_grpc(self, case, call, may_refuse=False):
        failure = call.exception()
        if failure is None:
            self.answered += 1
            self.outcomes["OK"] += 1
            if "answer" in case and call.result() != base64.b64decode(case["answer"]):
                self.problems["a wrong answer over gRPC"] += 1
            return
        code = failure.code().name
        self.outcomes[code] += 1
        if code in REFUSALS and may_refuse:
            self.answered += 1
        else:
            self.problems[f"gRPC {code}: {failure.details()}"] += 1

    def ask_rest(self, session, case, may_refuse=False):
        self.asked += 1
        try:
            answer = session.post(self.rest_url + case["path"], data=case["body"], timeout=PATIENCE)
        except requests.RequestException as failure:
            self.problems[f"REST: {failure!r}"] += 1
            return
        self.outcomes[str(answer.status_code)] += 1
        if answer.status_code == 200 or (may_refuse and answer.status_code in (400, 404, 503)):
            self.answered += 1
            if answer.status_code == 200 and "text" in case and answer.text != case["text"]:
                self.problems["a wrong answer over REST"] += 1
        else:
            self.problems[f"REST {answer.status_code}: {answer.text}"] += 1

    # ---- Kinds ----

    def grpc(self, may_refuse=False):
        cases = [case for case in self.cases if "method" in case]
        waiting = collections.deque()
        while not self.done.is_set():
            while len(waiting) < 16:
                case = self.random.choice(cases)
                waiting.append((case, self.future(case)))
            self.check_grpc(*waiting.popleft(), may_refuse)
        while waiting:
            self.check_grpc(*waiting.popleft(), may_refuse)

    def rest(self, may_refuse=False):
        cases = [case for case in self.cases if "path" in case]
        with requests.Session() as session:
            while not self.done.is_set():
                self.ask_rest(session, self.random.choice(cases), may_refuse)

    def churn(self):
        rest = threading.Thread(target=self.rest, args=[True])
        rest.start()
        self.grpc(may_refuse=True)
        rest.join()

    def cancel(self):
        cases = [case for case in self.cases if "method" in case]
        while not self.done.is_set():
            calls = [self.future(self.random.choice(cases), self.random.choice([0.001, 0.01, PATIENCE])) for _ in range(8)]
            self.done.wait(self.random.random() * 0.005)
            for call in calls:
                call.cancel()
            self.answered += len(calls)
            self.outcomes["cancelled"] += sum(call.cancelled() for call in calls)
            if self.random.random() < 0.05:
                # A connection that goes in the middle of everything.
                leaving = [self.future(self.random.choice(cases)) for _ in range(8)]
                self.channel.close()
                self.answered += len(leaving)
                self.channel, self.methods = grpc.insecure_channel(self.address, options=OPTIONS), {}


def main():
    kind, address, rest_url, cases, seed = sys.argv[1:]
    with open(cases) as file:
        client = Client(address, rest_url, json.load(file), int(seed))

    def wait_for_the_end():
        sys.stdin.read()
        client.done.set()

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    getattr(client, kind)()
    client.channel.close()
    counts = {name: getattr(client, name) for name in ["asked", "answered", "problems", "outcomes"]}
    print(json.dumps(counts))


if __name__ == "__main__":
    main()
