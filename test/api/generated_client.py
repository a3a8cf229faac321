"""Makes a client out of the OpenAPI document that a service gives, and uses it: every request that it makes and every
answer that it gets is held to its schema.

python3 generated_client.py URL
"""

import json
import sys

from aiopenapi3 import OpenAPI

url = sys.argv[1]
api = OpenAPI.load_sync(f"{url}/openapi.yaml")
call = api._

create = call.createJob
Document = create.data.get_type()

# Fields with a default may be left out.
minimal = {"kind": "metatrain", "problem": {"name": "parabola"}, "optimizer": {"name": "lstm"}}
Document.model_validate(minimal)
job = create(data=minimal)

# The response has all of them.
spec = job.model_dump(mode="json", warnings=False)["spec"]
assert spec["seed"] == 1 and spec["training"]["horizon"] == 20, spec
assert spec["comparison"]["baselines"][0]["learningRate"] == "tuned", spec

# So may query parameters with a default.
assert [each.id for each in call.listJobs().jobs] == [job.id]
assert call.getLosses(parameters={"id": job.id}).iteration == []
assert call.getJob(parameters={"id": job.id}).state == "queued"
assert call.cancelJob(parameters={"id": job.id}).state == "cancelled"
call.deleteJob(parameters={"id": job.id})

examples = create.operation.requestBody.content["application/json"].examples
for example in examples.values():
    Document.model_validate(example.value)

try:
    Document.model_validate({**minimal, "seed": "one"})
except ValueError:
    print(json.dumps({"job": job.id, "examples": len(examples)}))
