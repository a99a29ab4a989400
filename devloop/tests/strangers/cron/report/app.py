"""Says what the rows come to. Beside the Rust function, in one stack."""

import os

import words


def handler(event, context):
    print("report", words.WORD)
    return {"says": f"report {words.WORD}", "function": os.environ["GREETING"]}
