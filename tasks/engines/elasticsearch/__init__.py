"""What teams keep as JSON for Elasticsearch and OpenSearch: templates, ingest pipelines, policies, saved objects.

    sources -> forms -> survey -> engine

`sources` read a unit's files, `kinds` say where the server keeps each kind, `forms` bring what is wanted and what
is there to one form (pure), `survey` compares them, `effects` say what no comparison shows. `simulation` tests
without writing.
"""
