// cdk-nag over the template: node cfn/nag.js, with the packages of tools/node in NODE_PATH.
// Every finding that is left stands here with its reason. All else must pass.
const { App, Stack, Validations } = require("aws-cdk-lib");
const { CfnInclude } = require("aws-cdk-lib/cloudformation-include");
const { AwsSolutionsChecks } = require("cdk-nag");
const { mkdtempSync, rmSync } = require("fs");
const { tmpdir } = require("os");
const { join } = require("path");

const left = {
  "AwsSolutions::AwsSolutions-COG1": "Passwords are typed into a game, so no symbols are demanded.",
  "AwsSolutions::AwsSolutions-COG2": "The game client cannot answer a second factor's challenge.",
  "AwsSolutions::AwsSolutions-COG8": "The plan is the operator's choice, and PLUS costs $0.02 a player and month.",
  "AwsSolutions::AwsSolutions-S1":
    "Access logs would need a second bucket, kept and emptied like the first: CKV_AWS_18 in checkov.yaml.",
  "CloudFormation-Validate::W1030": "An empty parameter stands for none: by a condition it never gets into the property.",
};
// Files have keys and log streams have names that nobody knows beforehand. The prefixes are the functions' own.
const wild = ["<SaveFilesBucket.Arn>/users/*", "<SaveFilesBucket.Arn>/inbox/*"];
for (const group of ["SyncPlanLogGroup", "SyncCompleteLogGroup"]) {
  wild.push(`arn:<AWS::Partition>:logs:<AWS::Region>:<AWS::AccountId>:log-group:<${group}>:log-stream:*`);
}
for (const resource of wild) {
  left[`AwsSolutions::AwsSolutions-IAM5[Resource::${resource}]`] = "Below one prefix of one bucket, or one log group.";
}

const outdir = mkdtempSync(join(tmpdir(), "renpyctl-nag-"));
try {
  const app = new App({ outdir });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  const stack = new Stack(app, "template");
  new CfnInclude(stack, "cfn", { templateFile: join(__dirname, "template.yaml") });
  Validations.of(stack).acknowledge(...Object.entries(left).map(([id, reason]) => ({ id, reason })));
  app.synth();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  rmSync(outdir, { recursive: true });
}
