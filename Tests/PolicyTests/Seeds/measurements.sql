-- What only the pipeline writes, for the source and rule that the settings name.
select app.ingest_keyset(current_setting('seed.source')::integer, '{flow,temperature}');
select app.ingest(
    row('{81.5,7,79,7.5}', null, k.key_nos, '{1,1}', '{81.5,7}')::app.ingest_values, false,
    array[s.source, s.source], array[k.keyset_no, k.keyset_no], array[now(), '2022-03-24T09:00:00Z'], '{5,5}', '{0,0}',
    '{0,2}', '{2,2}', null,
    array[s.source], '{null}', array[now()], '{0}', '{2}', null,
    array[s.rule], array[s.source], '{1}', '{"\\x01"}', array[null]::timestamptz[],
    jsonb_build_object(
        'alarms', jsonb_build_array(jsonb_build_object(
            'do', 'raise', 'id', gen_random_uuid(), 'rule_id', s.rule, 'rule_version', 1, 'source_no', s.source,
            'severity', 'warning', 'at', 1790000000000, 'message', 'Flow too low')),
        'events', jsonb_build_array(jsonb_build_object(
            'source_no', s.source, 'at', 1790000000000, 'origin', 'device', 'type_key', 'boot', 'title', 'Started'))))
from (select current_setting('seed.source')::integer as source, current_setting('seed.rule')::uuid as rule) s
cross join lateral app.ingest_keyset(s.source, '{flow,temperature}') k;
select app.ingest_dead_letter(current_setting('seed.source')::integer, 'http', 'bad_json', 'not JSON', '\x7b');
