"""Cuts the service descriptions of AWS down to what the peer speaks. Standard library only.

    pip download --no-deps botocore==1.44.5 -d /tmp/botocore
    python3 trim.py /tmp/botocore/botocore-1.44.5-py3-none-any.whl

botocore (Apache License 2.0, Amazon.com, Inc. or its affiliates) holds the machine-readable descriptions from which
the SDKs are generated. Kept: operations listed here and the shapes they reach. Left out: prose.
"""
import gzip
import json
import pathlib
import re
import sys
import zipfile

SERVICES = {
    "ecs": ("ecs/2014-11-13", None),
    "sts": ("sts/2011-06-15", ["AssumeRole", "AssumeRoleWithWebIdentity", "GetCallerIdentity"]),
    "iam": ("iam/2010-05-08", [
        "CreateRole", "GetRole", "DeleteRole", "ListRoles", "UpdateAssumeRolePolicy", "UpdateRole",
        "TagRole", "UntagRole", "ListRoleTags",
        "PutRolePolicy", "GetRolePolicy", "DeleteRolePolicy", "ListRolePolicies",
        "AttachRolePolicy", "DetachRolePolicy", "ListAttachedRolePolicies", "GetPolicy",
        "PutRolePermissionsBoundary", "DeleteRolePermissionsBoundary", "ListInstanceProfilesForRole",
        "CreateServiceLinkedRole", "SimulatePrincipalPolicy",
    ]),
    "logs": ("logs/2014-03-28", [
        "CreateLogGroup", "DeleteLogGroup", "DescribeLogGroups", "PutRetentionPolicy", "DeleteRetentionPolicy",
        "CreateLogStream", "DeleteLogStream", "DescribeLogStreams", "PutLogEvents", "GetLogEvents", "FilterLogEvents",
        "TagResource", "UntagResource", "ListTagsForResource",
    ]),
    "ec2": ("ec2/2016-11-15", [
        "DescribeSubnets", "DescribeSecurityGroups", "DescribeVpcs", "DescribeRouteTables", "DescribeVpcAttribute",
        "DescribeAvailabilityZones",
    ]),
    "servicequotas": ("service-quotas/2019-06-24", [
        "GetServiceQuota", "GetAWSDefaultServiceQuota", "ListServiceQuotas",
    ]),
    "secretsmanager": ("secretsmanager/2017-10-17", [
        "CreateSecret", "DescribeSecret", "GetSecretValue", "PutSecretValue", "DeleteSecret", "TagResource",
        "UntagResource", "ListSecrets", "RestoreSecret",
    ]),
    "ssm": ("ssm/2014-11-06", [
        "PutParameter", "GetParameter", "GetParameters", "DeleteParameter", "DescribeParameters",
        "AddTagsToResource", "RemoveTagsFromResource", "ListTagsForResource",
    ]),
}


def without_prose(value):
    if isinstance(value, dict):
        return {
            key: without_prose(child)
            for key, child in value.items()
            if not (key in ("documentation", "documentationUrl") and isinstance(child, str))
        }
    if isinstance(value, list):
        return [without_prose(child) for child in value]
    return value


def references(value):
    if isinstance(value, dict):
        if isinstance(value.get("shape"), str):
            yield value["shape"]
        for child in value.values():
            yield from references(child)
    elif isinstance(value, list):
        for child in value:
            yield from references(child)


def trim(model, wanted):
    operations = {name: model["operations"][name] for name in (wanted or model["operations"])}
    shapes, queue = {}, list(references(list(operations.values())))
    while queue:
        name = queue.pop()
        if name not in shapes:
            shapes[name] = model["shapes"][name]
            queue.extend(references(shapes[name]))
    return without_prose({
        "metadata": model["metadata"],
        "operations": dict(sorted(operations.items())),
        "shapes": dict(sorted(shapes.items())),
    })


def write(path, value):
    text = json.dumps(value, separators=(",", ":")).encode()
    # No time stamp inside: the same wheel gives the same bytes.
    path.write_bytes(gzip.compress(text, 9, mtime=0))
    print(f"{path.name}: {len(text)} -> {path.stat().st_size}")


def main(wheel):
    here = pathlib.Path(__file__).parent
    version = re.search(r"botocore-([\d.]+)-", wheel).group(1)
    with zipfile.ZipFile(wheel) as archive:
        for service, (folder, wanted) in SERVICES.items():
            base = f"botocore/data/{folder}"
            model = json.loads(gzip.decompress(archive.read(f"{base}/service-2.json.gz")))
            write(here / f"{service}.json.gz", {"source": f"botocore {version}", **trim(model, wanted)})
        examples = json.loads(archive.read("botocore/data/ecs/2014-11-13/examples-1.json"))
        write(here / "ecs-examples.json.gz", {"source": f"botocore {version}", **examples})


main(sys.argv[1])
