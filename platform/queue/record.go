package queue

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Record is one thing to be written.
type Record struct {
	Topic   string // whose handler writes it
	Key     uint64 // records of one topic and key are written in the order in which they were published by one process
	Subject int64  // the id of the member whom it is about, by which it is found again when that member is forgotten; 0: nobody
	Body    []byte // for the handler
}

// bodyAtMost bounds one record, and batchAtMost what is published together, bytes. NATS takes a megabyte a message unless it is told otherwise.
const (
	bodyAtMost  = 128 << 10
	batchAtMost = 512 << 10
)

// format is the first byte of every batch, so that another one can follow it.
const format = 1

var errBatch = errors.New("this is no batch of records, or a damaged one")

// size is at least what a record takes in a batch, bytes.
func (r *Record) size() int { return len(r.Topic) + len(r.Body) + 32 }

// appendTo writes a record behind others.
func (r *Record) appendTo(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(r.Topic)))
	b = append(b, r.Topic...)
	b = binary.BigEndian.AppendUint64(b, r.Key)
	b = binary.AppendVarint(b, r.Subject)
	b = binary.AppendUvarint(b, uint64(len(r.Body)))
	return append(b, r.Body...)
}

// encode writes records as one batch.
func encode(records []*Record) []byte {
	size := 1
	for _, r := range records {
		size += r.size()
	}
	b := append(make([]byte, 0, size), format)
	for _, r := range records {
		b = r.appendTo(b)
	}
	return b
}

// decode reads a batch. Bodies are parts of b.
func decode(b []byte) ([]Record, error) {
	if len(b) == 0 || b[0] != format {
		return nil, errBatch
	}
	var records []Record
	for b = b[1:]; len(b) > 0; {
		r, rest, err := decodeOne(b)
		if err != nil {
			return nil, fmt.Errorf("record %d: %w", len(records)+1, err)
		}
		records, b = append(records, r), rest
	}
	return records, nil
}

func decodeOne(b []byte) (r Record, rest []byte, err error) {
	topic, b, ok := part(b)
	if !ok || len(b) < 8 {
		return r, nil, errBatch
	}
	r.Topic, r.Key, b = string(topic), binary.BigEndian.Uint64(b), b[8:]
	subject, n := binary.Varint(b)
	if n <= 0 {
		return r, nil, errBatch
	}
	r.Subject = subject
	if r.Body, b, ok = part(b[n:]); !ok {
		return r, nil, errBatch
	}
	return r, b, nil
}

// part cuts off bytes that have their length before them.
func part(b []byte) (p, rest []byte, ok bool) {
	size, n := binary.Uvarint(b)
	if n <= 0 || size > uint64(len(b)-n) {
		return nil, nil, false
	}
	end := n + int(size)
	return b[n:end:end], b[end:], true
}
