package rest

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
	swagger "github.com/swaggest/swgui/v5/static"

	"bookvault/platform/problem"
)

// openAPI is huma's configuration: one format, no hooks ($schema in answers would reflect the Host header), the document at
// /openapi.json, and our own page for it.
func openAPI(version string) huma.Config {
	cfg := huma.DefaultConfig("BookVault", version)
	cfg.CreateHooks = nil
	cfg.DocsPath = ""
	cfg.SchemasPath = ""
	cfg.Formats = map[string]huma.Format{"application/json": strictJSON, "json": strictJSON}
	cfg.DefaultFormat = "application/json"
	cfg.Info.Description = "A library's catalogue, borrowing desk and members. Lists are {items, next_cursor}; problems are RFC 9457 with a stable code."
	cfg.Info.License = &huma.License{Name: "MIT", Identifier: "MIT"}
	cfg.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"session": {Type: "apiKey", In: "cookie", Name: "bv_session", Description: "The browser's session; POST /api/members/v1/sessions makes one."},
		"token":   {Type: "http", Scheme: "bearer", Description: "An API token; `bookvault token --role desk` prints one."},
	}
	return cfg
}

// docsPage shows the document by Swagger UI, docsScript starts that. Everything comes from here: the policy of /docs allows no more.
const (
	docsPage = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>BookVault API</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="swagger-ui.css">
</head>
<body>
<main id="api"></main>
<script src="swagger-ui-bundle.js"></script>
<script src="start.js"></script>
</body>
</html>
`
	docsScript = `window.onload = () => {
  SwaggerUIBundle({ url: "/openapi.json", dom_id: "#api", deepLinking: true, presets: [SwaggerUIBundle.presets.apis], layout: "BaseLayout", validatorUrl: null });
};
`
)

// docsFiles are the files of Swagger UI that the page asks for, with their types; nothing else of the module is served.
var docsFiles = map[string]string{"swagger-ui.css": "text/css; charset=utf-8", "swagger-ui-bundle.js": "text/javascript; charset=utf-8"}

// serveDocs serves the readable document at /docs/: no outside host is asked.
func (a *API) serveDocs() {
	a.engine.GET("/docs", func(c *gin.Context) { c.Redirect(http.StatusMovedPermanently, "/docs/") })
	a.engine.GET("/docs/*file", func(c *gin.Context) {
		c.Header("Cache-Control", "public, max-age=3600")
		switch name := strings.TrimPrefix(c.Param("file"), "/"); {
		case name == "":
			c.Data(http.StatusOK, "text/html; charset=utf-8", []byte(docsPage))
		case name == "start.js":
			c.Data(http.StatusOK, "text/javascript; charset=utf-8", []byte(docsScript))
		case docsFiles[name] != "":
			body, err := swaggerFile(name)
			if err != nil {
				problem.Write(c.Writer, c.Request, err)
				return
			}
			c.Data(http.StatusOK, docsFiles[name], body)
		default:
			problem.Write(c.Writer, c.Request, problem.NotFound("no_such_path", "There is no such page in the documentation."))
		}
	})
}

// swaggerFile reads a file of Swagger UI. The module holds them packed, which spares the program ten megabytes.
func swaggerFile(name string) ([]byte, error) {
	file, err := swagger.FS.Open(name + ".gz")
	if err != nil {
		return nil, fmt.Errorf("read the documentation: %w", err)
	}
	defer file.Close()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		return nil, fmt.Errorf("unpack the documentation: %w", err)
	}
	return io.ReadAll(unpacked)
}
