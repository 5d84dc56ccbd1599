package stack

import "strings"

// Status is a stack's status, as CloudFormation spells it. None stands for a
// stack that does not exist.
type Status string

// The statuses that need to be told apart by name. What each means for the next
// operation is in the CloudFormation user guide, "Stack status codes".
const (
	None                 Status = ""
	ReviewInProgress     Status = "REVIEW_IN_PROGRESS"
	CreateFailed         Status = "CREATE_FAILED"
	RollbackComplete     Status = "ROLLBACK_COMPLETE"
	RollbackFailed       Status = "ROLLBACK_FAILED"
	UpdateFailed         Status = "UPDATE_FAILED"
	UpdateRollbackDone   Status = "UPDATE_ROLLBACK_COMPLETE"
	UpdateRollbackFailed Status = "UPDATE_ROLLBACK_FAILED"
	ImportRollbackFailed Status = "IMPORT_ROLLBACK_FAILED"
	DeleteInProgress     Status = "DELETE_IN_PROGRESS"
	DeleteComplete       Status = "DELETE_COMPLETE"
	DeleteFailed         Status = "DELETE_FAILED"
	DeleteSkipped        Status = "DELETE_SKIPPED" // of a resource: it stays, and leaves the stack
)

// InProgress says that an operation runs on the stack. A stack under review has
// none: it is an empty shell around a change set that was never executed.
func (s Status) InProgress() bool {
	return strings.HasSuffix(string(s), "_IN_PROGRESS") && s != ReviewInProgress
}

// Uncreated says that nothing was ever created: there is no stack, or only the
// shell of a plan.
func (s Status) Uncreated() bool { return s == None || s == ReviewInProgress }

// ended says that an operation has come to its end, well or badly.
func (s Status) ended() bool { return !strings.HasSuffix(string(s), "_IN_PROGRESS") }

// FailedCreate says that the stack could not be created, and something of it is left.
func (s Status) FailedCreate() bool {
	return s == CreateFailed || s == RollbackComplete || s == RollbackFailed
}

// Settled says that the last operation succeeded, so that the stack is what its template says.
func (s Status) Settled() bool {
	switch s {
	case "CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE":
		return true
	}
	return false
}

// Updatable says that CloudFormation accepts an update in this state.
func (s Status) Updatable() bool {
	return s.Settled() || s == UpdateRollbackDone || s == "IMPORT_ROLLBACK_COMPLETE"
}

// Failed says that an operation on the stack or a resource failed or was rolled back.
func (s Status) Failed() bool {
	return strings.HasSuffix(string(s), "_FAILED") || strings.Contains(string(s), "ROLLBACK")
}
