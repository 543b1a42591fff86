"""boto3 against the peer: another reader of the same service models. Prints one line of JSON."""
import json

import boto3
from botocore.exceptions import ClientError


def failure(call):
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"]
    return ""


ecs, iam, sts, logs, ec2 = (boto3.client(name) for name in ("ecs", "iam", "sts", "logs", "ec2"))
quotas, secrets, ssm = (boto3.client(name) for name in ("service-quotas", "secretsmanager", "ssm"))

trust = json.dumps({
    "Version": "2012-10-17",
    "Statement": [{
        "Effect": "Allow",
        "Principal": {"Service": "ecs-tasks.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }],
})
found = {"account": sts.get_caller_identity()["Account"]}
iam.create_role(
    RoleName="py", AssumeRolePolicyDocument=trust, Description="b & <c>", Tags=[{"Key": "a", "Value": "b"}],
)
found["description"] = iam.get_role(RoleName="py")["Role"]["Description"]
found["trust"] = iam.get_role(RoleName="py")["Role"]["AssumeRolePolicyDocument"]
found["tags"] = iam.list_role_tags(RoleName="py")["Tags"]
found["again"] = failure(lambda: iam.create_role(RoleName="py", AssumeRolePolicyDocument=trust))
allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
iam.put_role_policy(RoleName="py", PolicyName="p", PolicyDocument=json.dumps(allow))
found["policies"] = iam.list_role_policies(RoleName="py")["PolicyNames"]
found["busy"] = failure(lambda: iam.delete_role(RoleName="py"))

subnets = ec2.describe_subnets(Filters=[{"Name": "state", "Values": ["available"]}])["Subnets"]
found["subnets"] = [subnet["AvailabilityZone"] for subnet in subnets]
found["groups"] = [group["GroupName"] for group in ec2.describe_security_groups()["SecurityGroups"]]
found["gone"] = failure(lambda: ec2.describe_subnets(SubnetIds=["subnet-0"]))
found["quota"] = quotas.get_service_quota(ServiceCode="fargate", QuotaCode="L-3032A538")["Quota"]["Value"]

logs.create_log_group(logGroupName="/py", tags={"a": "b"})
logs.put_retention_policy(logGroupName="/py", retentionInDays=7)
found["retention"] = logs.describe_log_groups(logGroupNamePrefix="/py")["logGroups"][0]["retentionInDays"]
secret = secrets.create_secret(Name="key", SecretString="value")["ARN"]
found["secret"] = secrets.get_secret_value(SecretId=secret)["SecretString"]
ssm.put_parameter(Name="/py/key", Value="value", Type="SecureString")
found["parameter"] = ssm.get_parameter(Name="/py/key", WithDecryption=True)["Parameter"]["Value"]

ecs.create_cluster(clusterName="py", capacityProviders=["FARGATE", "FARGATE_SPOT"])
ecs.register_task_definition(
    family="py", networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="256", memory="512",
    containerDefinitions=[{"name": "c", "image": "i"}],
)
request = dict(
    cluster="py", taskDefinition="py", launchType="FARGATE", clientToken="t", startedBy="py",
    networkConfiguration={"awsvpcConfiguration": {"subnets": [subnets[0]["SubnetId"]]}},
)
first, second = ecs.run_task(**request), ecs.run_task(**request)
found["once"] = first["tasks"][0]["taskArn"] == second["tasks"][0]["taskArn"]
found["conflict"] = failure(lambda: ecs.run_task(**{**request, "count": 2}))
arn = first["tasks"][0]["taskArn"]
found["listed"] = [arn] == ecs.list_tasks(cluster="py", startedBy="py")["taskArns"]
task = ecs.describe_tasks(cluster="py", tasks=[arn])["tasks"][0]
found["created"] = type(task["createdAt"]).__name__
found["missing"] = ecs.describe_tasks(cluster="py", tasks=["0" * 32])["failures"][0]["reason"]
ecs.stop_task(cluster="py", task=arn, reason="py")
print(json.dumps(found))
