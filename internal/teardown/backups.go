package teardown

import "time"

// Backup is a table's last state, which DynamoDB keeps by itself when a table
// with point-in-time recovery is deleted. It costs nothing, and goes by itself.
type Backup struct {
	Table string    `json:"table"`
	Until time.Time `json:"until"` // at the latest: an interrupted removal may have deleted the table before
}

// backupTime is for how long (DynamoDB developer guide, "Point-in-time backups",
// on system backups), whatever the table's own window was.
const backupTime = 35 * 24 * time.Hour

// Backups lists what DynamoDB keeps of the tables that were deleted by now.
func (h *Holdings) Backups(now time.Time) []Backup {
	var list []Backup
	for _, r := range h.Data {
		if r.Table != "" {
			list = append(list, Backup{r.Table, now.Add(backupTime).UTC()})
		}
	}
	return list
}
