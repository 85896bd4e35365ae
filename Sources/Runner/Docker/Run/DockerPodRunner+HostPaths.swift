/// The engine may run on another machine: what is at a path of it, it is asked, and what has to be made there, it makes.
extension DockerPodRunner {
    /// Looks whether the paths that a container mounts are what their types say.
    /// - Throws: ``TargetError`` where one is something else.
    func checkHostPaths(of container: ContainerPlan, in id: String, _ plan: PodPlan) async throws {
        for case (let mount, .host(let path, let kind)) in container.mounts.map({ ($0, $0.source) }) where kind != .any
        {
            let request = EngineRequest(
                method: "HEAD", path: "/containers/\(id)/archive?path=\(mount.path.percentEncoded)")
            let answer = try await engine.ask(request, "\(path) could not be looked at")
            guard let text = answer.headers["x-docker-container-path-stat"], let bytes = Base64.decode(text),
                let mode = try? JSONParser.parse(bytes)["mode"]?.integer
            else { continue }
            guard kind.admits(mode: mode) else {
                throw TargetError(
                    "\(plan.workload) needs \(path) to be \(kind.inWords) on the machine that Docker runs on, which it is"
                        + " not",
                    advice: "its hostPath has the type \(kind.rawValue)")
            }
        }
    }

    /// Makes the files of type FileOrCreate that are missing, in folders that are there: as it copies into a container,
    /// the engine writes through what is mounted in it.
    func makeFiles(for container: ContainerPlan, of pod: Pod, name: String) async throws {
        for case .host(let path, .fileOrNew) in container.mounts.map(\.source) {
            guard let slash = path.lastIndex(of: "/"), path.last != "/" else { continue }
            let folder = slash == path.startIndex ? "/" : String(path[..<slash])
            let file = String(path[path.index(after: slash)...])
            var helper = ContainerPlan(name: container.name, image: container.image, builtImage: container.builtImage)
            helper.mounts = [.init(source: .host(folder, .folder), path: "/folder")]
            let id = "\(name)-files"
            let request = commands.create(
                helper, of: pod.plan, on: pod.ground, name: id, network: .anonymous, isInit: true)
            // Where this fails, the container that needs the file fails as well, and says why.
            guard try await engine.ask(request, "\(path) could not be made").isSuccess else { continue }
            let found = EngineRequest(
                method: "HEAD", path: "/containers/\(id)/archive?path=\("/folder/\(file)".percentEncoded)")
            do {
                if try await engine.ask(found, "\(path) could not be looked at").status == 404 {
                    let empty = ContainerPlan.File(path: file, content: [], mode: 0o644)
                    _ = try await launcher.runTool(DockerCommand.copy([empty], to: "/folder", in: id))
                }
            } catch {
                await shielded { _ = try? await launcher.runTool(DockerCommand.remove([id])) }
                throw error
            }
            _ = try await launcher.runTool(DockerCommand.remove([id]))
        }
    }
}
