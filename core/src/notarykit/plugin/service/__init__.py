"""The toolkit for providers: plugins for services that hold keys."""
