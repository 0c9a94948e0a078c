"""The Celery app of test_celery.py, for the test and for the worker process."""

from __future__ import annotations

import os

import celery

import emberkv

emberkv.install_url_scheme("celery")

app = celery.Celery("app", broker=os.environ["URL"], backend=os.environ["URL"])
app.conf.broker_connection_retry_on_startup = True
app.conf.worker_hijack_root_logger = False


@app.task
def double(x):
    return 2 * x


@app.task
def total(values):
    return sum(values)


@app.task
def fail():
    raise ValueError("as told")
