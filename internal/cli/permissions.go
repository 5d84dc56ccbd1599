package cli

import (
	"github.com/renpy-cloud/renpyctl/internal/deploy"
	"github.com/renpy-cloud/renpyctl/internal/stack"
)

// permissionChanges says in words what a role may do from then on, or no longer.
func permissionChanges(c stack.Change) []string {
	var list []string
	for _, p := range deploy.Permissions(c) {
		if p.Lost {
			list = append(list, p.Who+" may no longer "+p.Grant)
		} else {
			list = append(list, p.Who+" may from then on "+p.Grant)
		}
	}
	return list
}
