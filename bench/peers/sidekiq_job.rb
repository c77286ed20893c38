# The same mutations as Sidekiq jobs, one at a time: sidekiq -r ./sidekiq_job.rb -q default -c 10
require "json"
require "pg"
require "sidekiq"

Sidekiq.configure_server { |config| config.redis = { path: ENV.fetch("PEER_REDIS") } }
Sidekiq.logger.level = Logger::WARN

CREATE = "INSERT INTO peer_tasks (user_id, id, title, description, completed, priority, version, created_at, updated_at) " \
         "VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $7) ON CONFLICT DO NOTHING RETURNING version"
UPDATE = "UPDATE peer_tasks SET title = coalesce($3, title), completed = coalesce($4, completed), " \
         "version = version + 1, updated_at = $5 WHERE user_id = $1 AND id = $2 RETURNING version"
DELETE = "DELETE FROM peer_tasks WHERE user_id = $1 AND id = $2 RETURNING version"

class TaskJob
  include Sidekiq::Worker

  def perform(entry)
    data = entry["data"] || {}
    keys = [entry["user"], entry["task"]]
    at = Time.at(entry["at"] / 1_000_000.0).utc.strftime("%Y-%m-%d %H:%M:%S.%6NZ")
    rows =
      case entry["op"]
      when "create"
        database.exec_prepared("create", keys + [data["title"], data["description"], data["completed"] || false,
                                                 data["priority"], at])
      when "update" then database.exec_prepared("update", keys + [data["title"], data["completed"], at])
      else database.exec_prepared("delete", keys)
      end
    store(entry, data, rows.ntuples.positive? ? rows.getvalue(0, 0).to_i : nil)
  end

  private

  def store(entry, data, version)
    result = { id: entry["id"], status: version ? "succeeded" : "failed", done: true, operation: entry["op"],
               task_id: entry["task"],
               result: { task: data.merge(id: entry["task"], user_id: entry["user"], version: version) } }
    Sidekiq.redis { |redis| redis.set("result:#{entry["id"]}", JSON.generate(result), ex: 900) }
  end

  # One connection for each of Sidekiq's threads, as ActiveRecord would keep.
  def database
    Thread.current[:database] ||= PG.connect(ENV.fetch("PEER_DATABASE")).tap do |connection|
      connection.prepare("create", CREATE)
      connection.prepare("update", UPDATE)
      connection.prepare("delete", DELETE)
    end
  end
end
