"""The servers that are compared: one module for each."""
from adapters.apus import Apus
from adapters.fastapi import FastAPI
from adapters.litserve import LitServe
from adapters.mlserver import MLServer
from adapters.mosec import Mosec
from adapters.triton import Triton

PEERS = {kind.name: kind for kind in (Apus, Triton, Mosec, MLServer, FastAPI, LitServe)}
