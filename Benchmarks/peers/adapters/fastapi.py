"""FastAPI behind uvicorn: what people write themselves."""
from adapters.peer import Endpoint, Peer


class FastAPI(Peer):
    name = "FastAPI"
    # Idle connections count for the limit, too.
    grid = (
        {"workers": 2},
        {"workers": 1, "limit_concurrency": 64},
        {"workers": 2, "limit_concurrency": 64},
    )

    def command(self):
        command = [self.bench.python, "-m", "uvicorn", "fastapi_server:app", "--host", "127.0.0.1", "--port", self.port,
                   "--no-access-log", "--log-level", "error"]
        if self.tuning.get("workers", 1) > 1:
            command += ["--workers", self.tuning["workers"]]
        if "limit_concurrency" in self.tuning:
            command += ["--limit-concurrency", self.tuning["limit_concurrency"]]
        return command

    def endpoints(self, model):
        return [Endpoint("JSON", "rows", f"http://127.0.0.1:{self.port}/{model}")]

    def version(self):
        return f"{self.package_version('fastapi')}, uvicorn {self.package_version('uvicorn')}"
