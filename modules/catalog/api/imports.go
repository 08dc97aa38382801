package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"bookvault/modules/catalog/importing"
	"bookvault/platform/identity"
	"bookvault/platform/problem"
	"bookvault/platform/rest"
)

const (
	importsPath   = root + "/imports"
	enqueueWithin = 10 * time.Second // after the last byte of the upload has arrived
	maxFormField  = 16 << 10         // bytes
)

type importOperations struct{ service *importing.Service }

// RegisterImports adds the operations of imports to the API. maxUpload is the size of a file at most, in bytes.
func RegisterImports(api *rest.API, service *importing.Service, maxUpload int64) {
	o := &importOperations{service: service}
	start := rest.Route{Method: "POST", Path: importsPath, ID: "start-import", Summary: "Import a file of titles", Tag: tag,
		Who: identity.Librarian, Status: http.StatusAccepted, MaxBody: maxUpload,
		Detail: "Send the file as the body, or as the part `file` of a multipart form, whose other fields may then hold what the query holds " +
			"otherwise. CSV or TSV, plain or gzip, in UTF-8, UTF-16 with a byte order mark, Latin-1 or cp1252. Known shapes are recognised by their " +
			"header; other files need a mapping. The answer comes at once; ask its Location how the import stands."}
	start.Configure = func(op *huma.Operation) {
		file := &huma.MediaType{Schema: &huma.Schema{Type: "string", Format: "binary"}}
		// The form has no schema here, or huma would read the whole body to hold it against that.
		op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"text/csv": file, "text/tab-separated-values": file,
			"application/gzip": file, "application/octet-stream": file, "multipart/form-data": {}}}
	}
	rest.Register(api, start, o.start)
	rest.Register(api, rest.Route{Method: "GET", Path: importsPath + "/{id}", ID: "get-import", Summary: "How an import stands, and the rows it refused",
		Tag: tag, Who: identity.Librarian}, o.get)
	rest.Register(api, rest.Route{Method: "GET", Path: importsPath + "/{id}/left-out", ID: "get-import-left-out",
		Summary: "Facts that an import left out of rows that went in", Tag: tag, Who: identity.Librarian}, o.leftOut)
}

// ImportInput is a file and how to read it. It takes the body as a stream, so huma must not read it.
type ImportInput struct {
	FileName  string `query:"file_name" maxLength:"255" doc:"What the file is called, for whoever looks at the import later."`
	Encoding  string `query:"encoding" maxLength:"40" doc:"utf-8, latin-1, cp1252, utf-16le …; detected when left out."`
	Delimiter string `query:"delimiter" maxLength:"3" doc:"One of , ; | or tab; detected when left out."`
	Mapping   string `query:"mapping" maxLength:"4000" doc:"Our columns and the file's: title=Titel,authors=Autor."`
	Source    string `query:"source" maxLength:"60" pattern:"^[a-z0-9][a-z0-9._-]*$" doc:"Whose keys they are; needed when a mapping names a key column."`
	DryRun    bool   `query:"dry_run" doc:"Say what would happen and change nothing."`
	Overwrite bool   `query:"overwrite" doc:"Let changed rows replace titles that a librarian edited."`

	body        io.Reader
	contentType string
}

// Resolve takes the body and its type (huma.Resolver).
func (in *ImportInput) Resolve(hc huma.Context) []error {
	in.body, in.contentType = hc.BodyReader(), hc.Header("Content-Type")
	return nil
}

type importOutput struct {
	Location string `header:"Location"`
	Link     string `header:"Link"`
	Body     importBody
}

type importBody struct {
	ID          int64                   `json:"id"`
	State       string                  `json:"state" enum:"queued,running,done,failed"`
	FileName    string                  `json:"file_name"`
	Source      string                  `json:"source" doc:"The shape that was recognised, or the name that was given."`
	Percent     int                     `json:"percent" minimum:"0" maximum:"100"`
	Rows        int64                   `json:"rows" doc:"Read so far."`
	Line        int64                   `json:"line" doc:"The last line of the file that is accounted for."`
	Created     int64                   `json:"created"`
	Changed     int64                   `json:"changed"`
	Unchanged   int64                   `json:"unchanged"`
	Refused     int64                   `json:"refused"`
	DryRun      bool                    `json:"dry_run"`
	Failure     string                  `json:"failure,omitempty" doc:"Why it stopped, and after which line."`
	CreatedAt   time.Time               `json:"created_at"`
	StartedAt   *time.Time              `json:"started_at,omitempty"`
	FinishedAt  *time.Time              `json:"finished_at,omitempty"`
	RefusedRows *rest.Page[findingBody] `json:"refused_rows,omitempty"`
}

type findingBody struct {
	Line   int64  `json:"line"`
	Field  string `json:"field" doc:"The column of the file; empty when the row as a whole is meant."`
	Reason string `json:"reason"`
	Value  string `json:"value,omitempty"`
}

func (o *importOperations) start(ctx context.Context, in *ImportInput) (*importOutput, error) {
	up, name, err := o.receive(ctx, in)
	if err != nil {
		return nil, importProblem(err)
	}
	mapping, err := importing.ParseMapping(in.Mapping)
	if err != nil {
		up.Drop()
		return nil, problem.InvalidField("query.mapping", "%v", err)
	}
	opts := importing.Options{Encoding: in.Encoding, Delimiter: in.Delimiter, Mapping: mapping, Source: in.Source, DryRun: in.DryRun, Overwrite: in.Overwrite}
	if in.FileName != "" {
		name = in.FileName
	}
	caller, _ := identity.FromContext(ctx)
	// A slow upload may have used up the request's time; what is left to do is short, and the file is here.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), enqueueWithin)
	defer cancel()
	job, err := o.service.Enqueue(ctx, up, name, opts, caller.MemberID)
	if err != nil {
		return nil, importProblem(err)
	}
	return &importOutput{Location: importsPath + "/" + strconv.FormatInt(job.ID, 10), Body: bodyOf(job)}, nil
}

// receive writes the file to the spool folder: the body itself, or the part "file" of a form. A form's fields count like the
// query's.
func (o *importOperations) receive(ctx context.Context, in *ImportInput) (*importing.Upload, string, error) {
	kind, params, err := mime.ParseMediaType(in.contentType)
	if in.contentType != "" && err != nil {
		return nil, "", problem.InvalidField("header.Content-Type", "cannot be read")
	}
	switch {
	case kind == "multipart/form-data":
		return o.receiveForm(ctx, in, multipart.NewReader(in.body, params["boundary"]))
	case kind == "application/json", kind == "application/x-www-form-urlencoded", strings.HasPrefix(kind, "multipart/"):
		return nil, "", problem.New(problem.UnsupportedMedia, "unsupported_media_type", "Send the file itself as the body, or as the part file of multipart/form-data.")
	}
	up, err := o.service.Receive(ctx, in.body)
	return up, "upload", err
}

func (o *importOperations) receiveForm(ctx context.Context, in *ImportInput, form *multipart.Reader) (up *importing.Upload, name string, err error) {
	defer func() {
		if err != nil && up != nil {
			up.Drop()
		}
	}()
	fields := map[string]*string{"mapping": &in.Mapping, "encoding": &in.Encoding, "delimiter": &in.Delimiter, "source": &in.Source, "file_name": &in.FileName}
	for {
		part, err := form.NextPart()
		switch {
		case err == io.EOF && up == nil:
			return nil, "", problem.InvalidField("body.file", "is required")
		case err == io.EOF:
			return up, name, nil
		case err != nil:
			return up, "", badForm(err)
		}
		field := part.FormName()
		if field == "file" && up == nil {
			if up, err = o.service.Receive(ctx, part); err != nil {
				return up, "", badForm(err)
			}
			name = strings.ToValidUTF8(strings.ReplaceAll(part.FileName(), "\x00", ""), "")
			continue
		}
		value, err := io.ReadAll(io.LimitReader(part, maxFormField))
		if err != nil {
			return up, "", badForm(err)
		}
		if err := setField(in, fields, field, string(value)); err != nil {
			return up, "", err
		}
	}
}

func setField(in *ImportInput, fields map[string]*string, field, value string) error {
	switch into := fields[field]; {
	case strings.ContainsRune(value, 0) || strings.ToValidUTF8(value, "") != value:
		return problem.InvalidField("body."+field, "must be UTF-8 text without NUL")
	case into != nil:
		*into = value
	case field == "dry_run" || field == "overwrite":
		set, err := strconv.ParseBool(value)
		if err != nil {
			return problem.InvalidField("body."+field, "must be true or false")
		}
		if field == "dry_run" {
			in.DryRun = set
		} else {
			in.Overwrite = set
		}
	default:
		return problem.InvalidField("body", "has an unknown or a second field: %.40q", field)
	}
	return nil
}

// badForm tells a form that cannot be read from what is wrong with us.
func badForm(err error) error {
	if errors.Is(err, importing.ErrTooLarge) || errors.Is(err, importing.ErrNoPlace) {
		return err
	}
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return importing.ErrTooLarge
	}
	return &problem.Error{Kind: problem.Malformed, Code: "malformed_request", Detail: "The form cannot be read to its end.",
		Fields: []problem.Field{{Field: "body", Detail: "must be multipart/form-data, complete"}}}
}

// ImportQuery asks how an import stands.
type ImportQuery struct {
	ID     int64  `path:"id" minimum:"1" maximum:"9007199254740991"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Cursor string `query:"cursor" maxLength:"200"`
}

func (o *importOperations) get(ctx context.Context, in *ImportQuery) (*importOutput, error) {
	job, err := o.service.Job(ctx, in.ID)
	if err != nil {
		return nil, importProblem(err)
	}
	out := &importOutput{Body: bodyOf(job)}
	page, err := o.findings(ctx, in, true)
	if err != nil {
		return nil, err
	}
	out.Body.RefusedRows, out.Link = page, rest.NextLink(ctx, page.NextCursor)
	return out, nil
}

type leftOutOutput struct {
	Link string `header:"Link"`
	Body *rest.Page[findingBody]
}

func (o *importOperations) leftOut(ctx context.Context, in *ImportQuery) (*leftOutOutput, error) {
	if _, err := o.service.Job(ctx, in.ID); err != nil {
		return nil, importProblem(err)
	}
	page, err := o.findings(ctx, in, false)
	if err != nil {
		return nil, err
	}
	return &leftOutOutput{Body: page, Link: rest.NextLink(ctx, page.NextCursor)}, nil
}

func (o *importOperations) findings(ctx context.Context, in *ImportQuery, refused bool) (*rest.Page[findingBody], error) {
	scope := fmt.Sprintf("imports/%d/%v", in.ID, refused)
	var after int64
	if in.Cursor != "" {
		if err := rest.DecodeCursor(scope, in.Cursor, &after); err != nil {
			return nil, err
		}
	}
	list, next, err := o.service.Findings(ctx, in.ID, refused, after, in.Limit)
	if err != nil {
		return nil, err
	}
	page := &rest.Page[findingBody]{Items: make([]findingBody, 0, len(list))}
	for _, f := range list {
		page.Items = append(page.Items, findingBody{Line: f.Line, Field: f.Field, Reason: f.Reason, Value: f.Value})
	}
	if next > 0 {
		cursor := rest.EncodeCursor(scope, next)
		page.NextCursor = &cursor
	}
	return page, nil
}

func bodyOf(j importing.Job) importBody {
	b := importBody{ID: j.ID, State: string(j.State), FileName: j.FileName, Source: j.Source, Rows: j.Rows, Line: j.Line, Created: j.Created,
		Changed: j.Changed, Unchanged: j.Unchanged, Refused: j.Refused, DryRun: j.Options.DryRun, Failure: j.Failure,
		CreatedAt: j.CreatedAt.UTC(), StartedAt: utc(j.StartedAt), FinishedAt: utc(j.FinishedAt)}
	b.Percent = importing.Progress{BytesRead: j.BytesRead, BytesTotal: j.BytesTotal}.Percent()
	if j.State == importing.Done {
		b.Percent = 100
	}
	return b
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}

// importProblem words what can go wrong with an import as a problem; the rest is internal.
func importProblem(err error) error {
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		err = importing.ErrTooLarge
	}
	switch {
	case errors.Is(err, importing.ErrNoJob):
		return problem.NotFound("import_not_found", "There is no such import.")
	case errors.Is(err, importing.ErrQueueFull):
		full := problem.New(problem.Unavailable, "imports_full", "As many imports as may wait are waiting already. Try again when one is done.")
		full.RetryAfter = time.Minute
		return full
	case errors.Is(err, importing.ErrNoPlace):
		busy := problem.New(problem.Unavailable, "uploads_busy", "As many files as may be are being received just now. Please try again in a moment.")
		busy.RetryAfter = 10 * time.Second
		return busy
	case errors.Is(err, importing.ErrTooLarge):
		return problem.New(problem.TooLarge, "body_too_large", "The file is larger than an import may be. Pack it with gzip, or use bookvault import on the server.")
	case errors.Is(err, importing.ErrUnreadable):
		return problem.InvalidField("body", "%v", err)
	}
	return err
}
