package database

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// slowStatement is from when on a statement is worth a line although it succeeded.
const slowStatement = time.Second

// statementLog writes GORM's lines: statements that failed, and slow ones, with their placeholders (discreet keeps values out). What
// is part of a working day is no error: two who want the same card, a caller who left, a lock that was not to be had.
type statementLog struct{ to *slog.Logger }

// LogMode is for GORM, which never lowers or raises ours.
func (l statementLog) LogMode(logger.LogLevel) logger.Interface { return l }

// Info takes GORM's own words, which are about set-up.
func (l statementLog) Info(ctx context.Context, words string, args ...any) {
	l.to.DebugContext(ctx, fmt.Sprintf(words, args...))
}

// Warn takes GORM's own words.
func (l statementLog) Warn(ctx context.Context, words string, args ...any) {
	l.to.WarnContext(ctx, fmt.Sprintf(words, args...))
}

// Error takes GORM's own words.
func (l statementLog) Error(ctx context.Context, words string, args ...any) {
	l.to.ErrorContext(ctx, fmt.Sprintf(words, args...))
}

// Trace is told of every statement when it is over.
func (l statementLog) Trace(ctx context.Context, begin time.Time, told func() (string, int64), err error) {
	took := time.Since(begin)
	level, words := slog.LevelError, "a statement failed"
	switch {
	case err == nil || errors.Is(err, gorm.ErrRecordNotFound):
		if took < slowStatement {
			return
		}
		level, words, err = slog.LevelWarn, "a statement was slow", nil
	case expected(ctx, err):
		level = slog.LevelDebug
	}
	if !l.to.Enabled(ctx, level) {
		return
	}
	sql, rows := told()
	fields := []slog.Attr{slog.String("sql", strings.Join(strings.Fields(sql), " ")), slog.Int64("rows", rows), slog.Float64("ms", float64(took.Microseconds())/1000)}
	if err != nil {
		fields = append(fields, slog.String("error", withoutValues(err)))
	}
	l.to.LogAttrs(ctx, level, words, fields...)
}

// expected tells whether a failure belongs to a working day; whoever asked is told, and answers for it.
func expected(ctx context.Context, err error) bool {
	if ctx.Err() != nil || errors.Is(err, gorm.ErrDuplicatedKey) || errors.Is(err, gorm.ErrForeignKeyViolated) || errors.Is(err, gorm.ErrCheckConstraintViolated) {
		return true
	}
	state := sqlState(err)
	return strings.HasPrefix(state, "23") || inConflict(err) || state == "55P03" || state == "57014"
}

// withoutValues gives the text of an error. PostgreSQL's words on a value that it cannot take repeat the value.
func withoutValues(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && strings.HasPrefix(e.Code, "22") && e.Code != "22012" {
		return "a value cannot be taken (SQLSTATE " + e.Code + ")"
	}
	return err.Error()
}
