package eventnode

import (
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	pb "github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/protobuf/proto"
)

// unpack decodes what is stored of e for readers.
func unpack(e *event) (*pb.ReadResp, error) {
	resp := &pb.ReadResp{}
	if err := proto.Unmarshal(e.wire, resp); err != nil {
		return nil, corrupt("event at %d does not decode: %v", e.pos, err)
	}
	if resp.GetEvent().GetEvent() == nil {
		return nil, corrupt("event at %d holds no event", e.pos)
	}
	return resp, nil
}

// payload returns the content of e.
func payload(e *event) (isJSON bool, data []byte, err error) {
	resp, err := unpack(e)
	if err != nil {
		return false, nil, err
	}
	r := resp.GetEvent().GetEvent()
	return r.GetMetadata()["content-type"] == contentJSON, r.GetData(), nil
}

// spellID turns the id of a recorded event into a string, for clients that ask for it.
func spellID(r *pb.ReadResp_ReadEvent_RecordedEvent, e *event) {
	if r != nil {
		r.Id = &shared.UUID{Value: &shared.UUID_String_{String_: e.id.String()}}
	}
}
