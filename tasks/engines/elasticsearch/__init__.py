"""The engine for templates, ingest pipelines, policies and saved objects of Elasticsearch and OpenSearch, as JSON.

    sources -> forms -> survey -> engine

`sources` reads a unit's files, and `kinds` reads and writes each kind of object on the server. `forms` brings the
declared and the existing objects to one form (pure), and `survey` compares them. `effects` finds what no comparison
shows. `simulation` tests without writing.
"""
