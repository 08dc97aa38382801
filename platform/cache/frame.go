package cache

import (
	"encoding/binary"
	"errors"
	"hash/crc32"

	"bookvault/platform/wal"
)

// A value lies in the remote tier as a frame:
//
//	byte     0  format, 1
//	byte     1  1: there is a value; 0: there is none, and no payload
//	bytes  2-5  timeline of the position up to which what was read is complete, big-endian
//	bytes  6-13 its LSN
//	bytes 14-17 CRC-32C of the key, of what stands before, and of the payload
//	bytes 18-   payload
//
// The sum takes in the key, so that a frame which lies under another key is damaged too.
const (
	frameFormat = 1
	frameHeader = 18
	frameSum    = 14 // where it stands
)

var errDamaged = errors.New("what lies in the remote tier is no frame of ours, or damaged")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// frame is a value, or that there is none, as it lies in the remote tier.
type frame struct {
	asOf    wal.Position
	found   bool
	payload []byte
}

// encode makes the bytes of a frame under a key.
func (f frame) encode(key string) []byte {
	b := make([]byte, frameHeader, frameHeader+len(f.payload))
	b[0] = frameFormat
	if f.found {
		b[1] = 1
	}
	binary.BigEndian.PutUint32(b[2:], f.asOf.Timeline)
	binary.BigEndian.PutUint64(b[6:], f.asOf.LSN)
	b = append(b, f.payload...)
	binary.BigEndian.PutUint32(b[frameSum:], sumOf(key, b))
	return b
}

// decodeFrame reads what lies under a key. The payload is part of b.
func decodeFrame(key string, b []byte) (frame, error) {
	if len(b) < frameHeader || b[0] != frameFormat || b[1] > 1 || b[1] == 0 && len(b) > frameHeader ||
		binary.BigEndian.Uint32(b[frameSum:]) != sumOf(key, b) {
		return frame{}, errDamaged
	}
	return frame{
		asOf:  wal.Position{Timeline: binary.BigEndian.Uint32(b[2:]), LSN: binary.BigEndian.Uint64(b[6:])},
		found: b[1] == 1, payload: b[frameHeader:],
	}, nil
}

func sumOf(key string, b []byte) uint32 {
	sum := crc32.Update(0, castagnoli, []byte(key))
	sum = crc32.Update(sum, castagnoli, b[:frameSum])
	return crc32.Update(sum, castagnoli, b[frameHeader:])
}
