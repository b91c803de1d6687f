begin read only;
select set_config('app.organization_id', :organization, true);
select ts, keyset_no, v from app.telemetry_hot where /*organization_id = {organization} and*/ source_no = :source order by ts desc limit 100;
select d.id, d.device_key, l.v from app.devices d left join app.telemetry_latest l on l.source_no = d.source_no /*and l.organization_id = {organization}*/ where /*d.organization_id = {organization} and*/ d.deleted_at is null order by d.id limit 50;
commit;
