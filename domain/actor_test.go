package domain_test

import (
	"encoding/json"
	"testing"

	"github.com/hirelog/hirelog/domain"
)

func TestActor(t *testing.T) {
	for _, tt := range []struct {
		actor  domain.Actor
		stored string // "" = cannot be stored
		member string
	}{
		{actor: domain.Candidate, stored: `"candidate"`},
		{actor: domain.System, stored: `"system"`},
		{actor: domain.Member("m1"), stored: `"member:m1"`, member: "m1"},
		{actor: domain.Member("")},
		{actor: ""},
		{actor: "somebody"},
		{actor: "Member:m1"},
	} {
		t.Run(string(tt.actor), func(t *testing.T) {
			if got := tt.actor.MemberID(); got != tt.member {
				t.Errorf("MemberID() = %q, want %q", got, tt.member)
			}
			data, err := json.Marshal(tt.actor)
			if (err == nil) != (tt.stored != "") || string(data) != tt.stored {
				t.Fatalf("stored as %s (%v), want %s", data, err, tt.stored)
			}
			plain, err := json.Marshal(string(tt.actor))
			if err != nil {
				t.Fatal(err)
			}
			var back domain.Actor
			err = json.Unmarshal(plain, &back)
			if tt.stored == "" {
				if err == nil {
					t.Errorf("%s was read as an actor", plain)
				}
				return
			}
			if err != nil || back != tt.actor {
				t.Errorf("read back %q, %v; want %q", back, err, tt.actor)
			}
		})
	}
}
