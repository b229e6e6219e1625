"""Associations (PS3.8): connect, negotiate, exchange presentation data values, release or abort.

Knows nothing of DIMSE messages, data sets or files. Import from the modules: `values` for what is said,
`opening` for the two ways to an open association, `association` for the association itself, `stop` to
end one from elsewhere. `ssl` is loaded only where TLS is spoken.
"""
