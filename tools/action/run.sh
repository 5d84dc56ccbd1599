#!/usr/bin/env bash
# Runs $COMMAND for $STAGE and shows what it printed in the job's summary, and on the pull request $PULL if $COMMENT is true.
# What it printed is set in by four spaces there: so nothing in it is Markdown, whoever wrote it.
set -euo pipefail

wrong() {
	echo "renpyctl: $*" >&2
	exit 2
}

args=()
while IFS= read -r line; do
	[[ -z $line ]] || args+=("$line")
done <<<"$ARGS"

case $COMMAND in
plan)
	args=(--output table --exit-code ${PLAN:+--out "$PLAN"} ${args[@]+"${args[@]}"})
	heading="Plan for \`$STAGE\`"
	;;
deploy)
	args=(--yes ${PLAN:+--plan "$PLAN"} ${args[@]+"${args[@]}"})
	heading="Deploy to \`$STAGE\`"
	;;
drift)
	args=(--output table --exit-code ${args[@]+"${args[@]}"})
	heading="Drift of \`$STAGE\`"
	;;
*) wrong "the input command is plan, deploy or drift" ;;
esac
[[ $STAGE =~ ^[a-z][a-z0-9-]*$ ]] || wrong "the input stage is the name of a stage, as prod"

printed=$(mktemp)
code=0
"$RENPYCTL" "$COMMAND" --stage "$STAGE" "${args[@]}" 2>&1 | tee "$printed" || code=${PIPESTATUS[0]}

changes=false
[[ $code != 8 ]] || changes=true
echo "changes=$changes" >>"$GITHUB_OUTPUT"

# The runner's own commands are for its log.
shown=$(grep -v '^::' "$printed" | sed 's/^/    /' || true)
marker="<!-- renpyctl $COMMAND $STAGE -->"
body=$(printf '%s\n### %s\n\n%s\n' "$marker" "$heading" "$shown")
printf '%s\n' "$body" >>"$GITHUB_STEP_SUMMARY"

# One comment a stage, which later runs write anew. GitHub takes 65,536 characters.
if [[ $COMMENT == true && -n $PULL ]]; then
	((${#body} <= 60000)) || body="${body:0:60000}"$'\n\nThe rest is in the summary of the job.'
	old=$(gh api --paginate "repos/$GITHUB_REPOSITORY/issues/$PULL/comments" --jq \
		".[] | select(.user.login == \"github-actions[bot]\" and (.body | startswith(\"$marker\"))) | .id" | tail -n 1)
	if [[ -n $old ]]; then
		gh api --silent --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$old" --raw-field body="$body"
	else
		gh api --silent --method POST "repos/$GITHUB_REPOSITORY/issues/$PULL/comments" --raw-field body="$body"
	fi
fi

# A plan that finds changes has done its work. Drift is to be seen: the job fails.
if [[ $COMMAND == plan && $code == 8 ]]; then
	code=0
fi
exit "$code"
