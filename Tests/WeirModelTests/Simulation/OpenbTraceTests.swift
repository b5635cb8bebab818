import Testing
import WeirModel

@Suite("Openb trace")
struct OpenbTraceTests {
    @Test("nodes and tasks are read from their columns, in whatever order")
    func columns() throws {
        let nodes = try OpenbTrace.nodes("sn,cpu_milli,memory_mib,gpu,model\nn1,64000,262144,2,P100\nn2,32000,1024,0,\n")
        #expect(nodes.map(\.accelerators.count) == [2, 0])
        #expect(nodes[0].memory == .gib(256) && nodes[0].accelerators[1].model == "P100")
        let tasks = try OpenbTrace.tasks(
            "num_gpu,name,cpu_milli,memory_mib,gpu_milli,gpu_spec,qos,creation_time,deletion_time,scheduled_time\n"
                + "1,a,6000,12288,460,T4|P100,LS,10,20,12.0\n0,b,1000,1024,0,,BE,5,,\n")
        #expect(tasks[0].demand.accelerator?.models == ["P100", "T4"])
        #expect(tasks[0].demand.compute == 460 && tasks[0].demand.withWholeAccelerators.compute == 1000)
        #expect(tasks[0].started == 12 && tasks[1].deleted == nil && tasks[1].demand.accelerator == nil)
    }

    @Test("what cannot be read is named by file and line")
    func faults() {
        #expect(throws: WeirError.self) { try OpenbTrace.nodes("sn,gpu\nn1,2\n") }
        #expect { try OpenbTrace.nodes("sn,cpu_milli,memory_mib,gpu,model\nn1,many,1,0,\n", source: "n.csv") } throws: {
            ($0 as? WeirError)?.message.en.contains("n.csv, line 2") == true
        }
    }
}
