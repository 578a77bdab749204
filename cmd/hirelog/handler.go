package main

import "net/http"

func (p *process) handler(serveOptions) http.Handler { return http.NotFoundHandler() }
