"""
Sends a file to S3 with boto3, and fetches it: a program for L{bench.backends}, run by
another Python.
"""

import json
import sys
import tempfile
import time
from pathlib import Path
from uuid import uuid4

import boto3


def took(work, *arguments):
    """
    Get what it takes to do something: seconds, and those of processor time.
    """
    began, used = time.monotonic(), time.process_time()
    work(*arguments)
    return time.monotonic() - began, time.process_time() - used


def main(url, access, secret, path):
    """
    Do it, and print what it took.
    """
    client = boto3.client(
        "s3",
        endpoint_url=url,
        aws_access_key_id=access,
        aws_secret_access_key=secret,
        region_name="us-east-1",
    )
    bucket = f"theirs-{uuid4()}"
    client.create_bucket(Bucket=bucket)
    with tempfile.TemporaryDirectory(dir=Path(path).parent) as directory:
        fetched = str(Path(directory, "fetched"))
        told = {
            "put": took(client.upload_file, path, bucket, "data"),
            "get": took(client.download_file, bucket, "data", fetched),
        }
    client.delete_object(Bucket=bucket, Key="data")
    client.delete_bucket(Bucket=bucket)
    print(json.dumps(told))


main(*sys.argv[1:])
